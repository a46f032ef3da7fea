"""Where everything is: the state that follows from the ledger, and the questions that read it."""
