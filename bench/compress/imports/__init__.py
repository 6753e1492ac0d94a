"""Networks that were compressed elsewhere: what their files hold, and the smallest exact way to store it."""
