package dev.federated.routing;

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

  private final StringBuilder text = new StringBuilder(CHARACTERS);
  private final char[] digits = new char[POWERS_OF_TEN.length];

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
    int left = fraction;
    int length = places;
    while (left % 10 == 0) {
      left /= 10;
      length--;
    }
    for (int i = length - 1; i >= 0; i--) {
      digits[i] = (char) ('0' + left % 10);
      left /= 10;
    }
    text.append('.').append(digits, 0, length);
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
