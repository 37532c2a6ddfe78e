import java.io.File;
import org.apache.avro.file.CodecFactory;
import org.apache.avro.file.DataFileReader;
import org.apache.avro.file.DataFileWriter;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;

/** Copies container files, row by row: AvroFiles CODEC FROM TO [CODEC FROM TO]... */
public class AvroFiles {
    public static void main(String[] args) throws Exception {
        for (int i = 0; i + 2 < args.length; i += 3) {
            try (DataFileReader<Object> in = new DataFileReader<>(new File(args[i + 1]), new GenericDatumReader<>());
                    DataFileWriter<Object> out = new DataFileWriter<>(new GenericDatumWriter<>(in.getSchema()))) {
                out.setCodec(CodecFactory.fromString(args[i]));
                out.setSyncInterval(4000);
                out.create(in.getSchema(), new File(args[i + 2]));
                long rows = 0;
                for (Object row : in) {
                    out.append(row);
                    rows++;
                }
                System.out.println(rows);
            }
        }
    }
}
