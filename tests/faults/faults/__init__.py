"""What the fault tests stand on besides the harness of the black-box tests: load, faults, invariants."""
