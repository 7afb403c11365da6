from gala.cli import main

main()
