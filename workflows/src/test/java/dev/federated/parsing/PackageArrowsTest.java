package dev.federated.parsing;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** What runs inside workflows and what reads files stay apart from the stage that uses them. */
class PackageArrowsTest {
  private static final JavaClasses OURS =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.federated");

  @Test
  void aggregationUsesTheModelOnly() {
    classes()
        .that()
        .resideInAPackage("dev.federated.aggregation")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "dev.federated.aggregation",
            "dev.federated.model",
            "java..",
            "com.fasterxml.jackson..",
            "org.jspecify..")
        .check(OURS);
  }

  @Test
  void parsingUsesTheModelAndTheNamesOfReduceFunctionsOnly() {
    classes()
        .that()
        .resideInAPackage("dev.federated.parsing")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "dev.federated.parsing",
            "dev.federated.aggregation",
            "dev.federated.model",
            "java..",
            "com.fasterxml.jackson..",
            "org.jspecify..")
        .check(OURS);
  }
}
