/** Every parser of outside input against mutated inputs. */
@NullMarked
package dev.federated.starter.fuzz;

import org.jspecify.annotations.NullMarked;
