"""`python -m simulator` is the same program as `simulate`."""

from simulator.cli import main

if __name__ == "__main__":
    main()
