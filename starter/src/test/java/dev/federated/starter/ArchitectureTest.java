package dev.federated.starter;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.GeneralCodingRules;
import io.temporal.activity.ActivityInterface;
import io.temporal.workflow.WorkflowInterface;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Serializable;
import java.time.Clock;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.Timer;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The arrows between modules and packages. It stands in the module that sees all others. */
class ArchitectureTest {
  private static final String ROOT = "dev.federated..";
  private static final String ACTIVITIES = "dev.federated.activities..";
  private static final String WORKER = "dev.federated.worker..";

  /** Scripted regions for drills; they stand in module worker. */
  private static final String TESTING = "dev.federated.testing..";

  private static final String STARTER = "dev.federated.starter..";
  private static final String COMMAND_LINE = "dev.federated.starter.cli..";
  private static final String EMBEDDED = "dev.federated.starter.embedded..";

  /** Module workflows has no package of its own: its features stand directly under the root. */
  private static final DescribedPredicate<JavaClass> WORKFLOWS =
      resideInAPackage(ROOT)
          .and(not(resideInAnyPackage(ACTIVITIES, WORKER, TESTING, STARTER)))
          .as("classes of module workflows");

  /** Reads its keys from a file; it works beside workflows, never in one. */
  private static final String ENCRYPTION = "dev.federated.encryption..";

  /** Keeps blobs in a store; it works beside workflows, never in one. */
  private static final String CLAIM_CHECK = "dev.federated.claimcheck..";

  private static JavaClasses production;

  @BeforeAll
  static void importEveryModule() {
    production =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(location -> !location.contains("-tests.jar"))
            .importPackages("dev.federated");
  }

  @Test
  void everyModuleIsSeen() {
    assertThat(production.stream().anyMatch(WORKFLOWS)).isTrue();
    for (String module : new String[] {ACTIVITIES, WORKER, TESTING, STARTER}) {
      assertThat(production.stream().anyMatch(resideInAPackage(module))).as(module).isTrue();
    }
  }

  @Test
  void workflowsUseNoOtherModule() {
    noClasses()
        .that(WORKFLOWS)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(ACTIVITIES, WORKER, TESTING, STARTER)
        .check(production);
  }

  @Test
  void activitiesUseWorkflowsOnly() {
    noClasses()
        .that()
        .resideInAPackage(ACTIVITIES)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(WORKER, TESTING, STARTER)
        .check(production);
  }

  @Test
  void workerUsesWorkflowsAndActivitiesOnly() {
    noClasses()
        .that()
        .resideInAnyPackage(WORKER, TESTING)
        .should()
        .dependOnClassesThat()
        .resideInAPackage(STARTER)
        .check(production);
  }

  @Test
  void nothingThatRunsInProductionUsesTheScriptedRegions() {
    noClasses()
        .that()
        .resideOutsideOfPackages(TESTING, COMMAND_LINE)
        .should()
        .dependOnClassesThat()
        .resideInAPackage(TESTING)
        .check(production);
  }

  @Test
  void onlyTheExtensionNeedsATestFramework() {
    noClasses()
        .that()
        .doNotHaveFullyQualifiedName("dev.federated.testing.FederationExtension")
        .and()
        .haveNameNotMatching("dev\\.federated\\.testing\\.FederationExtension\\$.*")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.junit..", "io.temporal.testing..")
        .check(production);
  }

  @Test
  void clientApiUsesWorkflowsOnly() {
    noClasses()
        .that()
        .resideInAPackage(STARTER)
        .and()
        .resideOutsideOfPackages(COMMAND_LINE, EMBEDDED)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(ACTIVITIES, WORKER, TESTING, COMMAND_LINE, EMBEDDED)
        .check(production);
  }

  @Test
  void commandLineUsesTheWorkerNotItsActivities() {
    noClasses()
        .that()
        .resideInAnyPackage(COMMAND_LINE, EMBEDDED)
        .should()
        .dependOnClassesThat()
        .resideInAPackage(ACTIVITIES)
        .check(production);
  }

  @Test
  void packagesHaveNoCycles() {
    slices().matching("dev.federated.(**)").should().beFreeOfCycles().check(production);
  }

  @Test
  void modelUsesNoOtherPackageOfOurs() {
    noClasses()
        .that()
        .resideInAPackage("dev.federated.model..")
        .should()
        .dependOnClassesThat(
            resideInAPackage(ROOT).and(not(resideInAPackage("dev.federated.model.."))))
        .check(production);
  }

  @Test
  void workflowsDoNoInputOrOutput() {
    noClasses()
        .that(WORKFLOWS.and(not(resideInAnyPackage(ENCRYPTION, CLAIM_CHECK))))
        .should()
        .dependOnClassesThat(
            resideInAnyPackage(
                    "okhttp3..",
                    "java.sql..",
                    "javax.sql..",
                    "java.net.http..",
                    "java.nio.file..",
                    "java.nio.channels..",
                    "java.io..")
                // Jackson's exceptions are IOExceptions; sizes are measured with a stream that
                // counts.
                .and(not(belongToAnyOf(Serializable.class, IOException.class, OutputStream.class))))
        .check(production);
  }

  @Test
  void workflowsUseNoEncryptionAndNoStore() {
    noClasses()
        .that(WORKFLOWS.and(not(resideInAnyPackage(ENCRYPTION, CLAIM_CHECK))))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(ENCRYPTION, CLAIM_CHECK)
        .check(production);
  }

  @Test
  void workflowsHaveNoThreadsClockOrRandomness() {
    noClasses()
        .that(WORKFLOWS.and(not(resideInAPackage(CLAIM_CHECK))))
        .should()
        .dependOnClassesThat(
            belongToAnyOf(
                    Thread.class, Clock.class, Random.class, SplittableRandom.class, Timer.class)
                .or(assignableTo(Executor.class))
                .or(assignableTo(Future.class)))
        .orShould()
        .callMethodWhere(readsTheWorld())
        .check(production);
  }

  private static DescribedPredicate<JavaMethodCall> readsTheWorld() {
    Set<String> calls =
        Set.of(
            "java.lang.System.currentTimeMillis",
            "java.lang.System.nanoTime",
            "java.lang.System.getenv",
            "java.lang.System.getProperty",
            "java.lang.Math.random",
            "java.util.UUID.randomUUID");
    return DescribedPredicate.describe(
        "reads the clock, the environment or a random number",
        call -> {
          String owner = call.getTargetOwner().getName();
          String name = call.getName();
          return calls.contains(owner + "." + name)
              || (owner.startsWith("java.time.") && name.equals("now"));
        });
  }

  @Test
  void interfacesOfWorkflowsAndActivitiesStandInModuleWorkflows() {
    classes()
        .that()
        .areAnnotatedWith(WorkflowInterface.class)
        .or()
        .areAnnotatedWith(ActivityInterface.class)
        .should()
        .resideOutsideOfPackages(ACTIVITIES, WORKER, TESTING, STARTER)
        .check(production);
  }

  @Test
  void standardStreamsBelongToTheCommandLine() {
    noClasses()
        .that()
        .resideOutsideOfPackage(COMMAND_LINE)
        .should(GeneralCodingRules.ACCESS_STANDARD_STREAMS)
        .check(production);
  }

  @Test
  void onlyTheCommandLineEndsTheProcess() {
    noClasses()
        .that()
        .resideOutsideOfPackage(COMMAND_LINE)
        .should()
        .callMethod(System.class, "exit", int.class)
        .orShould()
        .callMethod(Runtime.class, "exit", int.class)
        .orShould()
        .callMethod(Runtime.class, "halt", int.class)
        .check(production);
  }

  @Test
  void picocliBelongsToTheCommandLine() {
    noClasses()
        .that()
        .resideOutsideOfPackage(COMMAND_LINE)
        .should()
        .dependOnClassesThat()
        .resideInAPackage("picocli..")
        .check(production);
  }

  @Test
  void okHttpBelongsToActivities() {
    noClasses()
        .that()
        .resideOutsideOfPackages(ACTIVITIES, WORKER)
        .should()
        .dependOnClassesThat()
        .resideInAPackage("okhttp3..")
        .check(production);
  }

  @Test
  void packagesAreNamedByFeature() {
    noClasses()
        .should()
        .resideInAnyPackage(
            "..util..", "..utils..", "..common..", "..helper..", "..helpers..", "..impl..")
        .check(production);
  }

  @Test
  void everyPackageIsNullMarked() {
    classes()
        .should(
            new ArchCondition<JavaClass>("be in a package with @NullMarked") {
              @Override
              public void check(JavaClass type, ConditionEvents events) {
                boolean marked = type.getPackage().isAnnotatedWith(NullMarked.class);
                events.add(
                    new SimpleConditionEvent(
                        type, marked, type.getPackageName() + " of " + type.getName()));
              }
            })
        .check(production);
  }

  @Test
  void implementationsAreFinal() {
    classes()
        .that()
        .haveSimpleNameEndingWith("Impl")
        .should()
        .haveModifier(JavaModifier.FINAL)
        .allowEmptyShould(true)
        .check(production);
  }
}
