"""The size of the database's cache on this machine.

In:       the number of the database's nodes.
Out:      MiB for each of them.
"""

import os

SHARE = 8
"""The cache gets one eighth of the memory. The engines' defaults, up to half of it, assume a dedicated machine; a
small cache stalls long imports: a million rows took more than 512 MiB."""
MIB_MIN, MIB_MAX = 256, 4096
CLUSTER_MIB_MAX = 512
"""For each node of a cluster: three nodes and three brokers fit in 4 GiB."""
MIB = 1024 * 1024


def cache_mib(*, nodes: int) -> int:
    """Size of one node's cache."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // MIB
    most = MIB_MAX if nodes == 1 else CLUSTER_MIB_MAX
    return max(MIB_MIN, min(most, memory // SHARE // nodes))
