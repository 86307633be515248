package dev.federated.starter.cli;

import dev.federated.model.FederationStrategy;
import dev.federated.model.WireName;
import java.util.Arrays;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads the name of a strategy, in any case, or an alias. */
final class StrategyConverter implements ITypeConverter<FederationStrategy> {
  @Override
  public FederationStrategy convert(String text) {
    try {
      return FederationStrategy.fromWireName(text);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(
          "'%s' is none of %s"
              .formatted(
                  text,
                  Arrays.stream(FederationStrategy.values())
                      .map(WireName::wireName)
                      .collect(Collectors.joining(", "))));
    }
  }
}
