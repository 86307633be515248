package dev.federated.starter.cli;

import dev.federated.model.GeoPoint;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads {@code LAT,LON} in degrees. */
final class GeoPointConverter implements ITypeConverter<GeoPoint> {
  private static final String NUMBER = "\\s*([+-]?[0-9]{1,3}(?:\\.[0-9]{1,20})?)\\s*";
  private static final Pattern PLACE = Pattern.compile(NUMBER + "," + NUMBER);

  @Override
  public GeoPoint convert(String text) {
    Matcher matcher = PLACE.matcher(text);
    if (!matcher.matches()) {
      throw new TypeConversionException(
          "'%s' is not LAT,LON in degrees, such as 52.5,13.4".formatted(text));
    }
    try {
      return new GeoPoint(
          Double.parseDouble(matcher.group(1)), Double.parseDouble(matcher.group(2)));
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException("'%s': %s".formatted(text, e.getMessage()));
    }
  }
}
