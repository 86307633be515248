package dev.federated.activities.component;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.OutputStream;

/** Measures JSON without keeping its encoded form. */
final class JsonSize {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private JsonSize() {}

  /** The length of the node as UTF-8 JSON without spaces. */
  static long bytes(JsonNode node) {
    Counter counter = new Counter();
    try {
      MAPPER.writeValue(counter, node);
    } catch (IOException e) {
      throw new IllegalArgumentException("it cannot be written as JSON", e);
    }
    return counter.bytes;
  }

  private static final class Counter extends OutputStream {
    private long bytes;

    @Override
    public void write(int b) {
      bytes++;
    }

    @Override
    public void write(byte[] buffer, int offset, int length) {
      bytes += length;
    }
  }
}
