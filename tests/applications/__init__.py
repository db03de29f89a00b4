"""Real applications, whole: each is planned, applied, drifted, changed and deleted, and what people see is checked."""
