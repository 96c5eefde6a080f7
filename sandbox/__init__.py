"""A stand-in for Razorpay and RazorpayX: the same HTTP, its own state file and its own book, for local runs."""
