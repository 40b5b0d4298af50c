"""The bnpl store: plans, their installments and event logs, and the product catalogue."""
