/**
 * Calls to regions over HTTP and the {@code RemoteExecute} activity. Start at {@link
 * dev.federated.activities.remote.RemoteExecuteActivityImpl}.
 */
@NullMarked
package dev.federated.activities.remote;

import org.jspecify.annotations.NullMarked;
