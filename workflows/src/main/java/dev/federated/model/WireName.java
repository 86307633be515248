package dev.federated.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** An enum constant with a name in JSON. Names are accepted in any case. */
public interface WireName {
  /** The name in JSON. */
  String wireName();

  /** Other names that are accepted for this constant; empty for most. */
  default List<String> aliases() {
    return List.of();
  }

  /** The constant of that name or alias, in any case, if there is one. */
  static <E extends Enum<E> & WireName> Optional<E> find(Class<E> type, String name) {
    String wanted = name.trim().toLowerCase(Locale.ROOT);
    for (E constant : type.getEnumConstants()) {
      if (constant.wireName().toLowerCase(Locale.ROOT).equals(wanted)
          || constant.aliases().contains(wanted)) {
        return Optional.of(constant);
      }
    }
    return Optional.empty();
  }

  /**
   * The constant of that name or alias, in any case.
   *
   * @throws IllegalArgumentException if there is none; the message lists the valid names
   */
  static <E extends Enum<E> & WireName> E parse(Class<E> type, String name) {
    return find(type, name)
        .orElseThrow(
            () ->
                new IllegalArgumentException("'%s' is not one of %s".formatted(name, names(type))));
  }

  /** The names in JSON of all constants, in their order. */
  static <E extends Enum<E> & WireName> List<String> names(Class<E> type) {
    List<String> names = new ArrayList<>();
    for (E constant : type.getEnumConstants()) {
      names.add(constant.wireName());
    }
    return names;
  }
}
