"""Everything on one machine: the servers that Meqenet needs, started and supervised by ``up``."""
