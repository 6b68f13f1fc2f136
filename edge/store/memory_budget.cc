#include "edge/store/memory_budget.h"

namespace brink::edge::store {

// Not inline: for a budget on the stack the compiler would warn of a deletion that never happens.
void MemoryBudget::dispose() noexcept { delete this; }

}  // namespace brink::edge::store
