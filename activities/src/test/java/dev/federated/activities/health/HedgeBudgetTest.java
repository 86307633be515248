package dev.federated.activities.health;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HedgeBudgetTest {
  private final HedgeBudget budget = new HedgeBudget();

  @Test
  void inTheLongRunNoMoreThanTheirPartOfExecutionsAreHedges() {
    int hedges = 0;
    for (int i = 0; i < 1_000; i++) {
      int granted = budget.grant("stage-" + i, 20, 0.05, 1);
      budget.ended("stage-" + i, granted);
      hedges += granted;
    }

    assertThat(hedges).isBetween(990, 1_000);
  }

  @Test
  void whatAStageDidNotStartComesBack() {
    assertThat(budget.grant("a", 200, 0.05, 1)).isEqualTo(5);
    assertThat(budget.grant("b", 1_000, 0.0001, 1)).as("of the other half").isEqualTo(2);

    budget.ended("a", 1);
    budget.ended("b", 0);

    // 10.1 were paid in, one was used.
    assertThat(budget.grant("c", 1_000, 0.0001, 1)).isEqualTo(4);
  }

  @Test
  void aWorkflowTaskThatIsRepeatedIsGrantedTheSameAndGivesBackOnce() {
    int granted = budget.grant("a", 20, 0.05, 1);
    for (int i = 0; i < 100; i++) {
      assertThat(budget.grant("a", 20, 0.05, 1)).isEqualTo(granted);
    }
    budget.ended("a", 0);
    budget.ended("a", 0);

    HedgeBudget other = new HedgeBudget();
    other.grant("a", 20, 0.05, 1);
    other.ended("a", 0);
    assertThat(budget.grant("b", 100, 0.05, 3)).isEqualTo(other.grant("b", 100, 0.05, 3));
  }

  @Test
  void aStageWithOneShareIsGrantedNoMoreThanItsHedges() {
    budget.grant("before", 400, 0.05, 1);
    budget.ended("before", 0);

    assertThat(budget.grant("a", 1, 0.05, 1)).isEqualTo(1);
    assertThat(budget.grant("b", 1, 0.05, 3)).isEqualTo(3);
  }

  @Test
  void withoutExtraLoadThereIsNoHedge() {
    assertThat(budget.grant("a", 20, 0, 3)).isZero();
  }

  @Test
  void aLongTimeWithoutSlowRegionsDoesNotPayForAnEndlessBurst() {
    for (int i = 0; i < 10_000; i++) {
      budget.grant("stage-" + i, 20, 0.05, 1);
      budget.ended("stage-" + i, 0);
    }

    assertThat(budget.grant("burst", 10_000, 0.0001, 1)).isEqualTo(50);
  }
}
