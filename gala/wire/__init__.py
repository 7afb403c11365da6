"""The service's end of every socket: WebSocket, Engine.IO 4 and Socket.IO 5 in one object a connection.

An evening has few kinds of message that are many: plays and their acknowledgements, `sync`, boards, pings.
Those never become a task, a queue entry or a coroutine here: a frame is read, understood and answered in the
call-back that brought its bytes. Everything else (CONNECT, auth, namespaces, rooms, single events) is
python-socketio's, which finds in a `Line` the Engine.IO socket that it expects.

    frames      RFC 6455: bytes to messages and back; pure
    packets     Socket.IO packets as msgpack; frames built once for many
    handshake   the HTTP request that becomes a socket, or why not; pure
    limits      how much of anything a peer may do
    outlet      one connection's sending half: what waits for a slow reader, how it ends
    line        one connection
    exchange    all connections of a listener: who answers what, pings, broadcasts
    members     who is in which namespace and room, for python-socketio
    door        the HTTP side: whoever does not finish a request is shown out

The package knows nothing of shows and plays, and nothing of ``gala`` but itself.
"""
