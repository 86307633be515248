package dev.federated.ledger;

import dev.federated.model.WireRecord;
import java.util.List;

/**
 * Which stages to count.
 *
 * @param since those that closed before are counted, in milliseconds since 1970
 * @param seen runs that closed shortly before that and are counted
 */
@WireRecord
public record CollectRequest(long since, List<String> seen) {}
