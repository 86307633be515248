/**
 * Large data by claim check: what is large in a payload goes to a store that every worker reaches,
 * and the history holds a reference. It works where clients and workers hand payloads to the
 * server; no workflow uses it. Start at {@link dev.federated.claimcheck.LargeData}.
 */
@NullMarked
package dev.federated.claimcheck;

import org.jspecify.annotations.NullMarked;
