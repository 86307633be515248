/**
 * What the workers of a federation know together: health, breakers, drained regions and totals,
 * kept by one workflow. Start at {@link dev.federated.ledger.RegionLedgerWorkflow}.
 */
@NullMarked
package dev.federated.ledger;

import org.jspecify.annotations.NullMarked;
