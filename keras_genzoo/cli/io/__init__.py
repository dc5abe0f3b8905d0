"""What commands read and show: console, progress, pictures, and where files may go."""
