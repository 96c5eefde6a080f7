"""How fast chat is: from one phone to another through the socket, each message stored before it is delivered."""
