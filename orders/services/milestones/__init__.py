"""Orders in milestones: each part is paid, worked, approved or given up by itself."""
