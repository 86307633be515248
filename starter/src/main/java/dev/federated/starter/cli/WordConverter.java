package dev.federated.starter.cli;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads one of a few words, in any case; picocli's own message shows the names in Java. */
abstract class WordConverter<E extends Enum<E>> implements ITypeConverter<E> {
  private final Class<E> words;

  WordConverter(Class<E> words) {
    this.words = words;
  }

  @Override
  public E convert(String text) {
    for (E word : words.getEnumConstants()) {
      if (word.toString().equals(text.toLowerCase(Locale.ROOT))) {
        return word;
      }
    }
    throw new TypeConversionException(
        "'%s' is none of %s"
            .formatted(
                text,
                Arrays.stream(words.getEnumConstants())
                    .map(Enum::toString)
                    .collect(Collectors.joining(", "))));
  }
}
