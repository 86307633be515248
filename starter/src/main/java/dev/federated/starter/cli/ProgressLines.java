package dev.federated.starter.cli;

import java.io.PrintWriter;

/**
 * Lines of progress on stderr and, where that is a terminal, below them one line that is drawn
 * again and again. Thread-safe; nothing is printed after {@link #close}.
 */
final class ProgressLines implements AutoCloseable {
  /** Back to the start of the line, and erase it. */
  static final String ERASE = "\r\u001b[K";

  /** A status that is longer would wrap and could not be erased: the narrowest usual terminal. */
  private static final int LONGEST_STATUS = 79;

  private final PrintWriter err;
  private final boolean live;
  private boolean drawn;
  private boolean closed;

  ProgressLines(PrintWriter err, boolean live) {
    this.err = err;
    this.live = live;
  }

  /** A line that stays. */
  synchronized void line(String text) {
    if (!closed) {
      erase();
      err.println(text);
      err.flush();
    }
  }

  /** The line that is drawn again; nothing where stderr is not a terminal. */
  synchronized void status(String text) {
    if (live && !closed) {
      erase();
      err.print(
          text.length() <= LONGEST_STATUS ? text : text.substring(0, LONGEST_STATUS - 1) + "…");
      err.flush();
      drawn = !text.isEmpty();
    }
  }

  private void erase() {
    if (drawn) {
      err.print(ERASE);
      err.flush();
      drawn = false;
    }
  }

  @Override
  public synchronized void close() {
    erase();
    closed = true;
  }
}
