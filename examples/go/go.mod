module quickstart

go 1.19

require libpipeline/pln v0.0.0

replace libpipeline/pln => ../../bindings/go
