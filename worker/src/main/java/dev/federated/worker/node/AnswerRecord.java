package dev.federated.worker.node;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Answers by idempotency key. The first request with a key executes, those that come meanwhile wait
 * for its answer, and later ones get the recorded answer. The longest unused answers go first where
 * the bounds are reached; a running execution is never dropped. Thread-safe.
 */
final class AnswerRecord {
  /** An execution that decides itself whether its answer is final. */
  @FunctionalInterface
  interface Execution {
    Result execute() throws InterruptedException;
  }

  /**
   * An answer.
   *
   * @param answer what is sent
   * @param isFinal whether a repeat gets it as well
   */
  record Result(NodeAnswer answer, boolean isFinal) {}

  private static final class Entry {
    private final String bodyHash;
    private final CompletableFuture<NodeAnswer> answer = new CompletableFuture<>();
    private @Nullable Instant expires;
    private long bytes;

    Entry(String bodyHash) {
      this.bodyHash = bodyHash;
    }
  }

  private final LinkedHashMap<String, Entry> byKey = new LinkedHashMap<>(16, 0.75f, true);
  private final int maxEntries;
  private final long maxBytes;
  private final Duration time;
  private final Clock clock;
  private long bytes;
  private int finished;

  AnswerRecord(int maxEntries, long maxBytes, Duration time, Clock clock) {
    this.maxEntries = maxEntries;
    this.maxBytes = maxBytes;
    this.time = time;
    this.clock = clock;
  }

  /** The answer for the key, executed at most once; null if the key came with another body. */
  @Nullable NodeAnswer answer(String key, String bodyHash, Execution execution)
      throws InterruptedException {
    Entry entry;
    boolean first = false;
    synchronized (this) {
      Entry existing = byKey.get(key);
      if (existing != null && expired(existing)) {
        remove(key, existing);
        existing = null;
      }
      if (existing == null) {
        first = true;
        existing = new Entry(bodyHash);
        byKey.put(key, existing);
      }
      entry = existing;
    }
    if (!entry.bodyHash.equals(bodyHash)) {
      return null;
    }
    return first ? execute(key, entry, execution) : await(entry);
  }

  private boolean expired(Entry entry) {
    return entry.expires != null && !clock.instant().isBefore(entry.expires);
  }

  private static NodeAnswer await(Entry entry) throws InterruptedException {
    try {
      return entry.answer.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("the first execution with this key ended without answer", e);
    }
  }

  private NodeAnswer execute(String key, Entry entry, Execution execution)
      throws InterruptedException {
    boolean recorded = false;
    try {
      Result result = execution.execute();
      if (result.isFinal()) {
        record(key, entry, result.answer());
        recorded = true;
      } else {
        forget(key, entry);
      }
      entry.answer.complete(result.answer());
      return result.answer();
    } finally {
      if (!entry.answer.isDone()) {
        if (!recorded) {
          forget(key, entry);
        }
        entry.answer.completeExceptionally(new IllegalStateException("no answer"));
      }
    }
  }

  private synchronized void forget(String key, Entry entry) {
    byKey.remove(key, entry);
  }

  private synchronized void record(String key, Entry entry, NodeAnswer answer) {
    entry.bytes = answer.bytes().length + (long) key.length();
    entry.expires = clock.instant().plus(time);
    bytes += entry.bytes;
    finished++;
    Iterator<Map.Entry<String, Entry>> oldest = byKey.entrySet().iterator();
    while ((finished > maxEntries || bytes > maxBytes) && oldest.hasNext()) {
      Entry candidate = oldest.next().getValue();
      if (candidate.expires != null) {
        oldest.remove();
        bytes -= candidate.bytes;
        finished--;
      }
    }
  }

  private void remove(String key, Entry entry) {
    byKey.remove(key);
    bytes -= entry.bytes;
    finished--;
  }

  synchronized int size() {
    return finished;
  }
}
