"""Systems outside that notifications talks to, one folder each."""
