/** Where spans of region calls and of their executions are told, if anybody wants them. */
@NullMarked
package dev.federated.activities.tracing;

import org.jspecify.annotations.NullMarked;
