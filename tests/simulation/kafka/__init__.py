"""Kafka in one process, on virtual time: brokers by their rules, and aiokafka's own clients without sockets.

In:       a world; what the service and its senders do with aiokafka's classes.
Out:      `faults.SimulatedKafka`, `clients.replacements`, `reading`.
Promise:  group membership, transactions, batches, retries and positions in the clients are aiokafka's own code. A
          request that is not modelled raises `NotSimulated`, and names itself.

Not modelled:
- Encoding, compression and checksums: a batch is kept as its records; an unreadable one is given out as
  consumers/loop/aiokafka_patch.py gives it, and the fetches that make it certain are left out.
- Replication: a partition has one log, on all brokers; a batch is acknowledged by all or refused. Logs are never cut.
- Deleted topics, retention and compaction: every record stays.
- Rights, quotas, TLS and SASL: every client may do everything at once.
- Transactions of version 2 (aiokafka speaks version 1), and the end of epochs after 32,767 producers of one id.
- Cooperative rebalances and the new group protocol: aiokafka is eager.
- A heartbeat without news takes no time, as long as the network is undisturbed and the broker is there.
- A client that is closed does not fail what is under way: it ends with its answer or its time-out.
- The delay of a group's first generation is 0; a broker that is down is in no metadata from that moment on.
- A broker's own time for a request, apart from the network's and a fetch's wait.
- Requests of one connection in their order: each travels alone. aiokafka has one request at a time on its way to each
  partition, coordinator and group.
"""

from tests.simulation.kafka.clients import replacements

__all__ = ["replacements"]
