package dev.federated.parsing;

import java.util.List;
import java.util.regex.Pattern;

/** Checks the form of address ranges without resolving anything. */
final class AddressRange {
  private static final Pattern NUMBER = Pattern.compile("0|[1-9][0-9]{0,2}");
  private static final Pattern GROUP = Pattern.compile("[0-9a-fA-F]{1,4}");
  private static final int GROUPS = 8;

  private AddressRange() {}

  /** Whether the text is an IPv4 or IPv6 address, a slash and a length, such as 10.0.0.0/8. */
  static boolean isValid(String text) {
    int slash = text.indexOf('/');
    if (slash < 0) {
      return false;
    }
    String address = text.substring(0, slash);
    String length = text.substring(slash + 1);
    return address.contains(":")
        ? isVersion6(address) && isUpTo(length, 128)
        : isVersion4(address) && isUpTo(length, 32);
  }

  private static boolean isVersion4(String address) {
    List<String> parts = List.of(address.split("\\.", -1));
    return parts.size() == 4 && parts.stream().allMatch(part -> isUpTo(part, 255));
  }

  private static boolean isVersion6(String address) {
    int gap = address.indexOf("::");
    if (gap < 0) {
      return groups(address) == GROUPS;
    }
    int before = groups(address.substring(0, gap));
    int after = groups(address.substring(gap + 2));
    return before >= 0 && after >= 0 && before + after < GROUPS;
  }

  /** How many groups there are; -1 if one of them is none. */
  private static int groups(String text) {
    if (text.isEmpty()) {
      return 0;
    }
    List<String> groups = List.of(text.split(":", -1));
    return groups.stream().allMatch(group -> GROUP.matcher(group).matches()) ? groups.size() : -1;
  }

  private static boolean isUpTo(String number, int most) {
    return NUMBER.matcher(number).matches() && Integer.parseInt(number) <= most;
  }
}
