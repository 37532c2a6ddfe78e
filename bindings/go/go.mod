module libpipeline/pln

go 1.19
