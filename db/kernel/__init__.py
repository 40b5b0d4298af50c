"""What every store is built from: transactions, events, private columns, migrations."""
