"""The scripts that hold the box's invariants. Each begins with its contract; `voting.box` loads them."""
