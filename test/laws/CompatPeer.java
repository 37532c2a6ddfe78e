import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaParseException;

/** What Java's checker says to lines of "reader TAB writer": COMPATIBLE, REFUSED, AMBIGUOUS, or INCOMPATIBLE with kind, path and message of each issue. */
public class CompatPeer {
    static String answer(String reader, String writer) {
        Schema r, w;
        try {
            r = new Schema.Parser().parse(reader);
            w = new Schema.Parser().parse(writer);
        } catch (SchemaParseException e) {
            return "REFUSED\t" + e.getMessage();
        } catch (AvroRuntimeException e) {
            return "REFUSED\t" + e.getMessage();
        }
        try {
            var result = SchemaCompatibility.checkReaderWriterCompatibility(r, w).getResult();
            var out = new StringBuilder(result.getCompatibility().toString());
            for (var issue : result.getIncompatibilities())
                out.append('\t').append(issue.getType()).append(' ').append(issue.getLocation()).append(' ').append(issue.getMessage());
            return out.toString();
        } catch (AvroRuntimeException e) {
            return "AMBIGUOUS";
        }
    }

    /** Checks the pairs of the input over and over, for so many seconds, after as long a time to warm up. */
    static void bench(BufferedReader in, double seconds) throws Exception {
        var pairs = new java.util.ArrayList<Schema[]>();
        for (String line; (line = in.readLine()) != null;) {
            String[] parts = line.split("\t");
            pairs.add(new Schema[] {new Schema.Parser().parse(parts[0]), new Schema.Parser().parse(parts[1])});
        }
        long checks = 0, issues = 0;
        for (int round = 0; round < 2; round++) {
            checks = issues = 0;
            long start = System.nanoTime();
            while (System.nanoTime() - start < seconds * 1e9)
                for (var pair : pairs) {
                    issues += SchemaCompatibility.checkReaderWriterCompatibility(pair[0], pair[1]).getResult().getIncompatibilities().size();
                    checks++;
                }
            seconds = round == 0 ? seconds : (System.nanoTime() - start) / 1e9;
        }
        System.out.printf("{\"bench\": \"compat\", \"case\": \"java\", \"checks\": %d, \"issues\": %d, \"checks_per_second\": %.0f}%n", checks, issues,
            checks / seconds);
    }

    public static void main(String[] args) throws Exception {
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        if (args.length > 0) {
            bench(in, Double.parseDouble(args[0]));
            return;
        }
        var out = new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), false, StandardCharsets.UTF_8);
        for (String line; (line = in.readLine()) != null;) {
            String[] parts = line.split("\t");
            out.println(answer(parts[0], parts[1]));
        }
        out.flush();
    }
}
