import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/** Sends each line of standard input to partition 0: servers, topic, codec, linger (ms), batch (bytes). */
public class Send {
    public static void main(String[] given) throws Exception {
        Map<String, Object> settings = Map.of(
            "bootstrap.servers", given[0], "compression.type", given[2], "linger.ms", given[3], "batch.size", given[4]);
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                producer.send(new ProducerRecord<>(given[1], 0, null, line), (sent, why) -> {
                    if (why != null) {
                        why.printStackTrace();
                        System.exit(1);
                    }
                });
            }
        }
    }
}
