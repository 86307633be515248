package dev.federated.routing;

import org.jspecify.annotations.Nullable;

/**
 * Text of a reason, reused from one candidate to the next: formatting a thousand reasons is most of
 * what a selection costs.
 */
final class Reason {
  /** Fits most reasons. */
  private static final int CHARACTERS = 64;

  /** The most digits behind the point. */
  static final int MOST_PLACES = 6;

  private static final int[] POWERS_OF_TEN = {1, 10, 100, 1_000, 10_000, 100_000, 1_000_000};

  /** What {@link #inOrder} has given, made when it is first asked for; equal whoever makes it. */
  private static final @Nullable String[] IN_ORDER = new String[1_000];

  /** The digits of every number below a thousand: one division for three of them. */
  private static final char[] THREE_DIGITS = new char[3 * 1_000];

  static {
    for (int i = 0; i < 1_000; i++) {
      THREE_DIGITS[3 * i] = (char) ('0' + i / 100);
      THREE_DIGITS[3 * i + 1] = (char) ('0' + i / 10 % 10);
      THREE_DIGITS[3 * i + 2] = (char) ('0' + i % 10);
    }
  }

  private final StringBuilder text = new StringBuilder(CHARACTERS);
  private final char[] digits = new char[MOST_PLACES];

  /** The reason of the region with that number, from 1, among those that are called in order. */
  static String inOrder(int number) {
    String known = number < IN_ORDER.length ? IN_ORDER[number] : null;
    if (known == null) {
      known = "number " + number + " in order";
      if (number < IN_ORDER.length) {
        IN_ORDER[number] = known;
      }
    }
    return known;
  }

  /** Begins a new reason. */
  Reason begin(String words) {
    text.setLength(0);
    text.append(words);
    return this;
  }

  Reason add(String words) {
    text.append(words);
    return this;
  }

  Reason add(long number) {
    text.append(number);
    return this;
  }

  /** Adds a number, rounded to at most so many digits behind the point, 0 to 6. */
  Reason add(double number, int places) {
    double absolute = Math.abs(number);
    if (!(absolute < Integer.MAX_VALUE)) {
      text.append(number);
      return this;
    }
    int scale = POWERS_OF_TEN[places];
    int whole = (int) absolute;
    int fraction = (int) ((absolute - whole) * scale + 0.5);
    if (fraction == scale) {
      whole++;
      fraction = 0;
    }
    if (number < 0 && (whole != 0 || fraction != 0)) {
      text.append('-');
    }
    text.append(whole);
    if (fraction != 0) {
      addFraction(fraction, places);
    }
    return this;
  }

  private void addFraction(int fraction, int places) {
    int millionths = fraction * POWERS_OF_TEN[MOST_PLACES - places];
    System.arraycopy(THREE_DIGITS, 3 * (millionths / 1_000), digits, 0, 3);
    System.arraycopy(THREE_DIGITS, 3 * (millionths % 1_000), digits, 3, 3);
    int length = places;
    while (digits[length - 1] == '0') {
      length--;
    }
    text.append('.').append(digits, 0, length);
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
