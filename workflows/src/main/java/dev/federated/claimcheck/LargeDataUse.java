package dev.federated.claimcheck;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * What this process has done with a store of large data since its start: whatever clients and
 * workers it has for that store. The numbers only rise.
 */
public final class LargeDataUse {
  private static final Map<String, LargeDataUse> BY_STORE = new ConcurrentHashMap<>();

  private final LongAdder writes = new LongAdder();
  private final LongAdder bytesWritten = new LongAdder();
  private final LongAdder alreadyStored = new LongAdder();
  private final LongAdder reads = new LongAdder();
  private final LongAdder bytesRead = new LongAdder();
  private final LongAdder failures = new LongAdder();
  private final LongAdder expired = new LongAdder();

  private LargeDataUse() {}

  /** Of the store with that text form. */
  static LargeDataUse of(Object store) {
    return BY_STORE.computeIfAbsent(store.toString(), name -> new LargeDataUse());
  }

  void wrote(int bytes) {
    writes.increment();
    bytesWritten.add(bytes);
  }

  void found() {
    alreadyStored.increment();
  }

  void read(int bytes) {
    reads.increment();
    bytesRead.add(bytes);
  }

  void failed() {
    failures.increment();
  }

  void removed(int blobs) {
    expired.add(blobs);
  }

  /** Blobs that were written. */
  public long writes() {
    return writes.sum();
  }

  /** Bytes that were written, as they are stored: compressed and, with keys, encrypted. */
  public long bytesWritten() {
    return bytesWritten.sum();
  }

  /** Parts that were to be written and were there already. */
  public long alreadyStored() {
    return alreadyStored.sum();
  }

  /** Blobs that were read. */
  public long reads() {
    return reads.sum();
  }

  /** Bytes that were read, as they are stored. */
  public long bytesRead() {
    return bytesRead.sum();
  }

  /** Reads, writes and sweeps that failed, what was missing or changed included. */
  public long failures() {
    return failures.sum();
  }

  /** Blobs that sweeps of this process have removed. */
  public long expired() {
    return expired.sum();
  }
}
