package dev.federated.starter.ui;

import dev.federated.starter.embedded.EmbeddedServer;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.openqa.selenium.By;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.TimeoutException;
import org.openqa.selenium.WebDriverException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.support.ui.WebDriverWait;

/** Chromium without a window, driven by the machine's own driver; nothing is downloaded. */
final class Browser implements AutoCloseable {
  /** Set to true where a missing browser has to fail the tests rather than skip them. */
  static final String REQUIRED = "FEDERATION_REQUIRE_BROWSER";

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** It warns that a newer Chromium has no debugging protocol of its own in Selenium. */
  private static final Logger SELENIUM = Logger.getLogger("org.openqa.selenium");

  private final ChromeDriver driver;

  private Browser(ChromeDriver driver) {
    this.driver = driver;
  }

  /**
   * Starts it.
   *
   * @param profile an empty directory
   */
  static Browser start(Path profile) {
    // Selenium asks its manager, which would look for a driver in the network, only without these.
    System.setProperty("se.offline", "true");
    System.setProperty("SE_OFFLINE", "true");
    SELENIUM.setLevel(Level.SEVERE);
    ChromeOptions options = new ChromeOptions();
    options.setBinary(onPath("chromium").orElseThrow().toFile());
    options.addArguments(
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
        "--window-size=1200,800",
        "--user-data-dir=" + profile);
    ChromeDriverService service =
        new ChromeDriverService.Builder()
            .usingDriverExecutable(onPath("chromedriver").orElseThrow().toFile())
            .usingAnyFreePort()
            .build();
    return new Browser(new ChromeDriver(service, options));
  }

  private static Optional<Path> onPath(String name) {
    return List.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)).stream()
        .map(directory -> new File(directory, name))
        .filter(File::canExecute)
        .map(File::toPath)
        .findFirst();
  }

  void open(String address) {
    driver.get(address);
  }

  /** What the page shows, and behind that what its frames show, in which the UI puts Markdown. */
  private String text() {
    driver.switchTo().defaultContent();
    StringBuilder text = new StringBuilder(driver.findElement(By.tagName("body")).getText());
    for (WebElement frame : driver.findElements(By.tagName("iframe"))) {
      driver.switchTo().frame(frame);
      text.append('\n').append(driver.findElement(By.tagName("body")).getText());
      driver.switchTo().defaultContent();
    }
    return text.toString();
  }

  /** Waits until the page shows all these texts. */
  void awaitTexts(String... texts) {
    try {
      new WebDriverWait(driver, PATIENCE)
          .ignoring(WebDriverException.class)
          .until(
              page -> {
                String shown = text();
                return List.of(texts).stream().allMatch(shown::contains);
              });
    } catch (TimeoutException e) {
      throw new AssertionError(
          "%s does not show all of %s but:%n%s"
              .formatted(driver.getCurrentUrl(), List.of(texts), text()),
          e);
    }
  }

  /** Scrolls until the first element with exactly that text is at the top. */
  void scrollTo(String text) {
    By element = By.xpath("//*[normalize-space(text())='%s']".formatted(text));
    driver.executeScript(
        "arguments[0].scrollIntoView({block: 'start'})", driver.findElement(element));
  }

  /** Writes what the page looks like as a PNG file. */
  void screenshot(Path file) {
    try {
      Files.createDirectories(file.getParent());
      Files.write(file, driver.getScreenshotAs(OutputType.BYTES));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    driver.quit();
  }

  /** On a test class that needs the browser and the server with the UI. */
  @Target(ElementType.TYPE)
  @Retention(RetentionPolicy.RUNTIME)
  @ExtendWith(Condition.class)
  @interface Needed {}

  /** Skips or fails without one of them. */
  static final class Condition implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      String reason = missing();
      if (reason == null) {
        return ConditionEvaluationResult.enabled("chromium and temporal are on PATH");
      }
      if (Boolean.parseBoolean(System.getenv(REQUIRED))) {
        throw new IllegalStateException("%s, and %s is true".formatted(reason, REQUIRED));
      }
      System.out.println("skipped: " + context.getDisplayName() + ": " + reason);
      return ConditionEvaluationResult.disabled(reason);
    }

    private static @Nullable String missing() {
      if (EmbeddedServer.command(System.getenv()).isEmpty()) {
        return "the command 'temporal' is not on PATH";
      }
      for (String command : List.of("chromium", "chromedriver")) {
        if (onPath(command).isEmpty()) {
          return "the command '%s' is not on PATH".formatted(command);
        }
      }
      return null;
    }
  }
}
