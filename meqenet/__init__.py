"""The pure core of Meqenet: rules and values, the standard library only."""
