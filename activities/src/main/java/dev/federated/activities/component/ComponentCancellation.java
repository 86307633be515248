package dev.federated.activities.component;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Stops one execution of a component from another thread. Thread-safe. */
public final class ComponentCancellation {
  private final List<Runnable> stops = new ArrayList<>();
  private @Nullable Thread executing;
  private boolean cancelled;

  /** Interrupts the executing thread and runs whatever the component registered; once. */
  public void cancel() {
    List<Runnable> toRun;
    synchronized (this) {
      if (cancelled) {
        return;
      }
      cancelled = true;
      toRun = List.copyOf(stops);
      if (executing != null) {
        executing.interrupt();
      }
    }
    toRun.forEach(Runnable::run);
  }

  /** Whether {@link #cancel} was called. */
  public synchronized boolean cancelled() {
    return cancelled;
  }

  void onCancel(Runnable stop) {
    synchronized (this) {
      if (!cancelled) {
        stops.add(stop);
        return;
      }
    }
    stop.run();
  }

  synchronized void attach(Thread thread) {
    executing = thread;
    if (cancelled) {
      thread.interrupt();
    }
  }

  /** After this the thread is not interrupted any more; clears an interrupt of our own. */
  synchronized void detach() {
    executing = null;
    stops.clear();
    if (cancelled) {
      Thread.interrupted();
    }
  }
}
