package dev.federated.activities.component;

import java.util.concurrent.ScheduledThreadPoolExecutor;

/** Background threads that never keep a process alive. */
final class DaemonThreads {
  private DaemonThreads() {}

  /** A scheduler with one thread of that name. */
  static ScheduledThreadPoolExecutor scheduler(String name) {
    ScheduledThreadPoolExecutor scheduler =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = new Thread(task, name);
              thread.setDaemon(true);
              return thread;
            });
    scheduler.setRemoveOnCancelPolicy(true);
    return scheduler;
  }
}
