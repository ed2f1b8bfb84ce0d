import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.FileInputStream;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.flink.api.common.accumulators.LongCounter;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.common.eventtime.WatermarkGenerator;
import org.apache.flink.api.common.eventtime.WatermarkOutput;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Metric;
import org.apache.flink.metrics.MetricConfig;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.reporter.MetricReporter;
import org.apache.flink.metrics.reporter.MetricReporterFactory;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.streaming.api.functions.windowing.ProcessAllWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * What a job sees of a topic that is read to its end: events in their windows of a minute, those that
 * Flink drops because they come too late for theirs, ids that come again, and records that are no events.
 *
 * <p>Each partition is read by itself, and each event moves the watermark at once, so that what is late
 * follows from the offsets alone.
 */
public final class LateRecords {
  /** An event: its id, its time in milliseconds, and what is wrong with it; empty: nothing. */
  static final TypeInformation<Tuple3<String, Long, String>> EVENT =
      Types.TUPLE(Types.STRING, Types.LONG, Types.STRING);

  public static void main(String[] args) throws Exception {
    Properties client = new Properties();
    try (FileInputStream file = new FileInputStream(args[0])) {
      client.load(file);
    }
    client.setProperty("isolation.level", "read_committed");
    client.setProperty("bootstrap.servers", args[1]);
    String topic = args[2];
    int partitions = Integer.parseInt(args[3]);
    Duration outOfOrder = Duration.ofMillis(Long.parseLong(args[4]));
    String[] fields = args[5].split(",");

    Configuration config = new Configuration();
    config.setString("metrics.reporter.late.factory.class", LateCounters.class.getName());
    StreamExecutionEnvironment env = StreamExecutionEnvironment.createLocalEnvironment(1, config);
    for (int partition = 0; partition < partitions; partition++) {
      KafkaSource<Tuple3<String, Long, String>> source =
          KafkaSource.<Tuple3<String, Long, String>>builder()
              .setProperties(client)
              .setGroupId(topic + "-flink")
              .setPartitions(Set.of(new TopicPartition(topic, partition)))
              .setStartingOffsets(OffsetsInitializer.earliest())
              .setBounded(OffsetsInitializer.latest())
              .setDeserializer(new Reader(fields))
              .build();
      var events =
          env.fromSource(source, WatermarkStrategy.noWatermarks(), "partition " + partition)
              .process(new Intact())
              .returns(EVENT)
              .assignTimestampsAndWatermarks(
                  WatermarkStrategy.<Tuple3<String, Long, String>>forGenerator(c -> new AtOnce(outOfOrder))
                      .withTimestampAssigner((event, recorded) -> event.f1));
      events
          .windowAll(TumblingEventTimeWindows.of(Duration.ofMinutes(1)))
          .process(new CountInWindow());
      events.keyBy(event -> event.f0).process(new CountAgain());
    }
    Map<String, Object> counts = new TreeMap<>(env.execute("late records").getAllAccumulatorResults());
    counts.put("late", LateCounters.sum());
    System.out.println(new ObjectMapper().writeValueAsString(counts));
  }

  /** Reads a record's value, and says what is wrong with it. */
  static final class Reader implements KafkaRecordDeserializationSchema<Tuple3<String, Long, String>> {
    private static final ObjectMapper JSON = new ObjectMapper();
    private final String[] fields;

    Reader(String[] fields) {
      this.fields = fields;
    }

    @Override
    public void deserialize(
        ConsumerRecord<byte[], byte[]> record, Collector<Tuple3<String, Long, String>> out)
        throws IOException {
      byte[] value = record.value();
      if (value == null) {
        out.collect(Tuple3.of("", 0L, "tombstone"));
      } else if (value.length == 0) {
        out.collect(Tuple3.of("", 0L, "empty"));
      } else if (value.length > 1 && value[0] == (byte) 0xff && value[1] == (byte) 0xfe) {
        out.collect(Tuple3.of("", 0L, "wrong_encoding")); // Jackson would read it all the same
      } else {
        try {
          out.collect(read(JSON.readTree(value)));
        } catch (JsonProcessingException e) {
          out.collect(Tuple3.of("", 0L, "truncated"));
        }
      }
    }

    private Tuple3<String, Long, String> read(JsonNode event) {
      if (!event.has("timestamp")) {
        return Tuple3.of("", 0L, "missing_field");
      }
      if (event.path("total_amount").isTextual()) {
        return Tuple3.of("", 0L, "wrong_type");
      }
      for (String field : fields) {
        if (!event.has(field)) {
          return Tuple3.of("", 0L, "renamed_field");
        }
      }
      long time = Instant.parse(event.get("timestamp").textValue()).toEpochMilli();
      return Tuple3.of(event.get("transaction_id").textValue(), time, "");
    }

    @Override
    public TypeInformation<Tuple3<String, Long, String>> getProducedType() {
      return EVENT;
    }
  }

  /** Passes events on and counts the other records. */
  static final class Intact
      extends ProcessFunction<Tuple3<String, Long, String>, Tuple3<String, Long, String>> {
    @Override
    public void processElement(
        Tuple3<String, Long, String> event, Context context, Collector<Tuple3<String, Long, String>> out) {
      if (event.f2.isEmpty()) {
        out.collect(event);
      } else {
        getRuntimeContext().getLongCounter(event.f2).add(1);
      }
    }
  }

  /** The time of the latest event, less what the others may be out of order, after each event. */
  static final class AtOnce implements WatermarkGenerator<Tuple3<String, Long, String>> {
    private final long outOfOrder;
    private long latest = Long.MIN_VALUE;

    AtOnce(Duration outOfOrder) {
      this.outOfOrder = outOfOrder.toMillis();
    }

    @Override
    public void onEvent(Tuple3<String, Long, String> event, long time, WatermarkOutput output) {
      latest = Math.max(latest, time);
      output.emitWatermark(new Watermark(latest - outOfOrder - 1));
    }

    @Override
    public void onPeriodicEmit(WatermarkOutput output) {}
  }

  /** Counts what a window has got. */
  static final class CountInWindow extends ProcessAllWindowFunction<Tuple3<String, Long, String>, Long, TimeWindow> {
    @Override
    public void process(Context context, Iterable<Tuple3<String, Long, String>> events, Collector<Long> out) {
      LongCounter counter = getRuntimeContext().getLongCounter("in_windows");
      events.forEach(event -> counter.add(1));
    }
  }

  /** Counts events whose id was there before. */
  static final class CountAgain extends KeyedProcessFunction<String, Tuple3<String, Long, String>, Long> {
    private transient ValueState<Boolean> seen;

    @Override
    public void open(OpenContext context) {
      seen = getRuntimeContext().getState(new ValueStateDescriptor<>("seen", Types.BOOLEAN));
    }

    @Override
    public void processElement(Tuple3<String, Long, String> event, Context context, Collector<Long> out)
        throws Exception {
      if (seen.value() != null) {
        getRuntimeContext().getLongCounter("again").add(1);
      }
      seen.update(true);
    }
  }

  /** Gets hold of the counters in which the window operators count what they drop. */
  public static final class LateCounters implements MetricReporter, MetricReporterFactory {
    private static final ConcurrentLinkedQueue<Counter> ALL = new ConcurrentLinkedQueue<>();

    static long sum() {
      return ALL.stream().mapToLong(Counter::getCount).sum();
    }

    @Override
    public MetricReporter createMetricReporter(Properties properties) {
      return this;
    }

    @Override
    public void open(MetricConfig config) {}

    @Override
    public void close() {}

    @Override
    public void notifyOfAddedMetric(Metric metric, String name, MetricGroup group) {
      if (name.equals("numLateRecordsDropped")) {
        ALL.add((Counter) metric);
      }
    }

    @Override
    public void notifyOfRemovedMetric(Metric metric, String name, MetricGroup group) {}
  }
}
