"""What the black-box tests stand on: the real binary, real databases, real sockets."""
