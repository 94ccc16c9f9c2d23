"""Where a jms service gets its messages: a sort of broker each, and what keeps connections to them up."""
