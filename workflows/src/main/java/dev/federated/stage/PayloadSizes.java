package dev.federated.stage;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.federated.model.StageRequest;
import io.temporal.workflow.Workflow;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Keeps payloads and workflow tasks under what a Temporal server takes. One instance belongs to one
 * workflow run, because its stages share the workflow task that their commands go into.
 */
public final class PayloadSizes {
  /**
   * Largest payload in bytes: the server's limit of 2 MiB (its {@code limit.blobSize.error}) less a
   * margin for the envelope and an encrypting codec.
   */
  public static final int MAX_PAYLOAD_BYTES = 2_000_000;

  /**
   * Largest payload in bytes where its large parts go to a store: 64 MiB. What limits it is the
   * memory of the workers and the time of a workflow task.
   */
  public static final int MAX_STORED_PAYLOAD_BYTES = 64 * 1024 * 1024;

  /** Where histories from before large data end. */
  private static final String LARGE_DATA = "large-data";

  /**
   * Most bytes of commands in one workflow task unless a snapshot says otherwise, half of the 4 MiB
   * that a gRPC message to the server may have.
   */
  private static final int MAX_TASK_BYTES = 2 * 1024 * 1024;

  /**
   * Most bytes of inputs in one workflow task that a snapshot may say. The rest of the 4 MiB, which
   * the server also writes at once at most ({@code system.transactionSizeLimit}), is left to
   * snapshots.
   */
  private static final int LARGEST_TASK_BYTES = 3_400_000;

  /** Bytes of a stage's inputs from which on it matters how many of them go into one task. */
  private static final int LARGE_INPUT_BYTES = 500_000;

  /** Regions of which a snapshot takes no more than some ten kilobytes. */
  private static final int FEW_REGIONS = 100;

  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final World world;
  private int most;
  private long task = -1;
  private long bytesInTask;

  /**
   * For one workflow run.
   *
   * @param world tells how large a payload its worker can hand over
   */
  public PayloadSizes(World world) {
    this.world = world;
  }

  /**
   * The most bytes that a payload of this run may have: {@link #MAX_PAYLOAD_BYTES}, or what the
   * worker said when the first payload of the run was larger than that. The answer is recorded.
   *
   * @param bytes of a payload that is to be handed over
   */
  public int most(long bytes) {
    if (bytes <= MAX_PAYLOAD_BYTES) {
      return MAX_PAYLOAD_BYTES;
    }
    if (most == 0) {
      int version = Workflow.getVersion(LARGE_DATA, Workflow.DEFAULT_VERSION, 1);
      most =
          version == Workflow.DEFAULT_VERSION
              ? MAX_PAYLOAD_BYTES
              : Workflow.sideEffect(Integer.class, world::largestPayloadBytes);
    }
    return most;
  }

  /**
   * The size of a value as JSON, in bytes.
   *
   * @throws IllegalArgumentException if it cannot be written, such as for being nested too deeply
   */
  public static long encoded(Object value) {
    CountingStream counter = new CountingStream(Long.MAX_VALUE);
    try {
      MAPPER.writeValue(counter, value);
    } catch (IOException e) {
      throw new IllegalArgumentException("a value cannot be written as JSON", e);
    }
    return counter.bytes;
  }

  /**
   * Whether a value as JSON has more bytes than that. Stops there, so that it ends soon for a value
   * that refers to one part very often.
   *
   * @throws IllegalArgumentException if it cannot be written, such as for being nested too deeply
   */
  public static boolean exceeds(Object value, long most) {
    CountingStream counter = new CountingStream(most);
    try {
      MAPPER.writeValue(counter, value);
    } catch (IOException e) {
      if (counter.bytes <= most) {
        throw new IllegalArgumentException("a value cannot be written as JSON", e);
      }
    }
    return counter.bytes > most;
  }

  /**
   * What the snapshot of a stage says of how many bytes of inputs go into one workflow task; null
   * where the inputs are so small that it does not matter, or the regions so many that their
   * snapshot needs the room.
   *
   * @param regions how many there are in the federation
   */
  public static @Nullable Integer taskBytes(StageRequest request, int regions) {
    return regions <= FEW_REGIONS && exceeds(request.inputs(), LARGE_INPUT_BYTES)
        ? LARGEST_TASK_BYTES
        : null;
  }

  /**
   * Makes room for a command in the current workflow task: where it would not fit beside those that
   * are already in it, waits for a later task by the shortest timer. Stages that wait at once may
   * wake up in the same task, so each looks again. What goes to a store counts in full: it takes
   * the time of the task, which is limited as well.
   */
  public void reserve(long bytes) {
    reserve(bytes, MAX_TASK_BYTES);
  }

  /** As {@link #reserve(long)} with at most so many bytes in one task; null for its limit. */
  void reserve(long bytes, @Nullable Integer mostInTask) {
    int limit = mostInTask == null ? MAX_TASK_BYTES : mostInTask;
    while (currentTask() + bytes > limit && bytesInTask > 0) {
      Workflow.sleep(Duration.ofMillis(1));
    }
    bytesInTask += bytes;
  }

  private long currentTask() {
    long now = Workflow.getInfo().getHistoryLength();
    if (now != task) {
      task = now;
      bytesInTask = 0;
    }
    return bytesInTask;
  }

  /** Counts, and ends the writing once there is more than the most. */
  private static final class CountingStream extends OutputStream {
    private final long most;
    private long bytes;

    CountingStream(long most) {
      this.most = most;
    }

    @Override
    public void write(int b) throws IOException {
      count(1);
    }

    @Override
    public void write(byte[] buffer, int offset, int length) throws IOException {
      count(length);
    }

    private void count(int more) throws IOException {
      bytes += more;
      if (bytes > most) {
        throw new IOException("larger than " + most);
      }
    }
  }
}
