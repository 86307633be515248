/**
 * Components, which do the work of a stage: {@link
 * dev.federated.activities.component.ComponentExecutor} runs the built-in ones and every {@link
 * dev.federated.activities.component.StageComponent} on the classpath; {@link
 * dev.federated.activities.component.ExecuteComponentActivityImpl} is its activity.
 */
@NullMarked
package dev.federated.activities.component;

import org.jspecify.annotations.NullMarked;
